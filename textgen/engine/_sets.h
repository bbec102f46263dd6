/* The sets of vector instructions that a machine may have. A file of C defines BODY as the name of a header and includes this
   one: the header is then included once for each set, with the macros that _kernel.h describes, which it undefines at its
   end, and two more:

     ESTIMATE(x)      about 1 / x
     ROUNDS           rounds of Newton's method that make float32's digits of the estimate */

/* TEXTGEN_PLAIN is for tests of the last variant. */
#if defined(TEXTGEN_PLAIN)
#elif defined(__x86_64__) || defined(_M_X64)
#define X86
#elif defined(__aarch64__) || defined(_M_ARM64)
#define ARM
#endif

#if defined(X86)
#include <immintrin.h>

#define NAME(f) f##_sse2
#define TARGET
#define V __m128
#define WIDTH 4
#define REGISTERS 12
#define LOAD(p) _mm_loadu_ps(p)
#define STORE(p, v) _mm_storeu_ps(p, v)
#define SPLAT(x) _mm_set1_ps(x)
#define ADD(a, b) _mm_add_ps(a, b)
#define SUB(a, b) _mm_sub_ps(a, b)
#define MUL(a, b) _mm_mul_ps(a, b)
#define DIV(a, b) _mm_div_ps(a, b)
#define FMA(a, b, c) _mm_add_ps(_mm_mul_ps(a, b), c)
#define MIN(a, b) _mm_min_ps(a, b)
#define MAX(a, b) _mm_max_ps(a, b)
#define COPYSIGN(a, b) _mm_or_ps(a, _mm_and_ps(b, _mm_set1_ps(-0.0f)))
#define POWER_OF_2(sum) \
    _mm_castsi128_ps(_mm_add_epi32(_mm_slli_epi32(_mm_castps_si128(sum), 23), _mm_set1_epi32(127 << 23)))
#define ESTIMATE(x) _mm_rcp_ps(x)
#define ROUNDS 1
#include BODY
#undef ESTIMATE
#undef ROUNDS

#if defined(__GNUC__)
#define NAME(f) f##_avx2
#define TARGET __attribute__((target("avx2,fma")))
#define V __m256
#define WIDTH 8
#define REGISTERS 12
#define LOAD(p) _mm256_loadu_ps(p)
#define STORE(p, v) _mm256_storeu_ps(p, v)
#define SPLAT(x) _mm256_set1_ps(x)
#define ADD(a, b) _mm256_add_ps(a, b)
#define SUB(a, b) _mm256_sub_ps(a, b)
#define MUL(a, b) _mm256_mul_ps(a, b)
#define DIV(a, b) _mm256_div_ps(a, b)
#define FMA(a, b, c) _mm256_fmadd_ps(a, b, c)
#define MIN(a, b) _mm256_min_ps(a, b)
#define MAX(a, b) _mm256_max_ps(a, b)
#define COPYSIGN(a, b) _mm256_or_ps(a, _mm256_and_ps(b, _mm256_set1_ps(-0.0f)))
#define POWER_OF_2(sum) \
    _mm256_castsi256_ps(_mm256_add_epi32(_mm256_slli_epi32(_mm256_castps_si256(sum), 23), _mm256_set1_epi32(127 << 23)))
#define ESTIMATE(x) _mm256_rcp_ps(x)
#define ROUNDS 1
#include BODY
#undef ESTIMATE
#undef ROUNDS

#define NAME(f) f##_avx512
#define TARGET __attribute__((target("avx512f")))
#define V __m512
#define WIDTH 16
#define REGISTERS 24
#define LOAD(p) _mm512_loadu_ps(p)
#define STORE(p, v) _mm512_storeu_ps(p, v)
#define SPLAT(x) _mm512_set1_ps(x)
#define ADD(a, b) _mm512_add_ps(a, b)
#define SUB(a, b) _mm512_sub_ps(a, b)
#define MUL(a, b) _mm512_mul_ps(a, b)
#define DIV(a, b) _mm512_div_ps(a, b)
#define FMA(a, b, c) _mm512_fmadd_ps(a, b, c)
#define MIN(a, b) _mm512_min_ps(a, b)
#define MAX(a, b) _mm512_max_ps(a, b)
#define COPYSIGN(a, b) \
    _mm512_castsi512_ps(_mm512_or_si512( \
        _mm512_castps_si512(a), _mm512_and_si512(_mm512_castps_si512(b), _mm512_set1_epi32(INT32_MIN))))
#define POWER_OF_2(sum) \
    _mm512_castsi512_ps(_mm512_add_epi32(_mm512_slli_epi32(_mm512_castps_si512(sum), 23), _mm512_set1_epi32(127 << 23)))
#define ESTIMATE(x) _mm512_rcp14_ps(x)
#define ROUNDS 1
#include BODY
#undef ESTIMATE
#undef ROUNDS
#endif

#elif defined(ARM)
#include <arm_neon.h>

#define NAME(f) f##_neon
#define TARGET
#define V float32x4_t
#define WIDTH 4
#define REGISTERS 24
#define LOAD(p) vld1q_f32(p)
#define STORE(p, v) vst1q_f32(p, v)
#define SPLAT(x) vdupq_n_f32(x)
#define ADD(a, b) vaddq_f32(a, b)
#define SUB(a, b) vsubq_f32(a, b)
#define MUL(a, b) vmulq_f32(a, b)
#define DIV(a, b) vdivq_f32(a, b)
#define FMA(a, b, c) vfmaq_f32(c, a, b)
#define MIN(a, b) vminq_f32(a, b)
#define MAX(a, b) vmaxq_f32(a, b)
#define COPYSIGN(a, b) vbslq_f32(vdupq_n_u32(0x80000000u), b, a)
#define POWER_OF_2(sum) \
    vreinterpretq_f32_s32(vaddq_s32(vshlq_n_s32(vreinterpretq_s32_f32(sum), 23), vdupq_n_s32(127 << 23)))
#define ESTIMATE(x) vrecpeq_f32(x)
#define ROUNDS 2
#include BODY
#undef ESTIMATE
#undef ROUNDS

#else /* one float at a time, on any other machine */
#include <math.h>

static float power_of_2(float sum)
{
    uint32_t bits;
    memcpy(&bits, &sum, sizeof bits);
    bits = (bits << 23) + (127u << 23);
    memcpy(&sum, &bits, sizeof sum);
    return sum;
}

#define NAME(f) f##_plain
#define TARGET
#define V float
#define WIDTH 1
#define REGISTERS 16
#define LOAD(p) (*(p))
#define STORE(p, v) (*(p) = (v))
#define SPLAT(x) (x)
#define ADD(a, b) ((a) + (b))
#define SUB(a, b) ((a) - (b))
#define MUL(a, b) ((a) * (b))
#define DIV(a, b) ((a) / (b))
#define FMA(a, b, c) ((a) * (b) + (c))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define COPYSIGN(a, b) copysignf(a, b)
#define POWER_OF_2(sum) power_of_2(sum)
#define ESTIMATE(x) (1.0f / (x))
#define ROUNDS 0
#include BODY
#undef ESTIMATE
#undef ROUNDS
#endif

/* For each set of this build, the fastest first: its name, and the address of what BODY made under a name. */
#if defined(X86) && defined(__GNUC__)
#define OF_EACH_SET(of) {"avx512", &of##_avx512}, {"avx2", &of##_avx2}, {"sse2", &of##_sse2}
#elif defined(X86)
#define OF_EACH_SET(of) {"sse2", &of##_sse2}
#elif defined(ARM)
#define OF_EACH_SET(of) {"neon", &of##_neon}
#else
#define OF_EACH_SET(of) {"plain", &of##_plain}
#endif

/* Whether this machine has a set of this build. */
static int has_set(const char *name)
{
#if defined(X86) && defined(__GNUC__)
    __builtin_cpu_init();
    if (!strcmp(name, "avx512"))
        return __builtin_cpu_supports("avx512f") != 0;
    if (!strcmp(name, "avx2"))
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    (void)name;
    return 1;
}
