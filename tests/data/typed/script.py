"""Every public name of textgen, used as a program would use it. Type checkers find no fault in it."""

import sys
from pathlib import Path

import textgen
from textgen import Corpus, CoWriter, EpochInfo, Generator, History, ModelConfig, SamplingConfig, StepInfo, train

losses: list[float] = []
calm = SamplingConfig(length=20, temperature=0.5, seed=1)
model, training = ModelConfig(units=16, embedding_size=8), textgen.TrainingConfig(epochs=1, batch_size=8)


def halve(logits: textgen.Logits, context: textgen.Context) -> textgen.Logits:
    return logits / 2 if context.tail(0, 3) else logits


def on_step(info: StepInfo) -> None:
    losses.append(info.training_nats)


def on_epoch(info: EpochInfo) -> None:
    print(f"epoch {info.epoch} of {info.epochs}: {info.training_nats:.2f} nats, {info.path.name}")


def learn(text: str, out: Path) -> History:
    corpus = Corpus("rhymes", (text,))
    return train(corpus, out, units=model.units, embedding_size=model.embedding_size, progress=False, quiet=True,
                 epochs=training.epochs, batch_size=training.batch_size, sequence_length=16, callbacks=[],
                 on_step=on_step, on_epoch=on_epoch)  # fmt: skip


try:
    history = learn(Path(sys.argv[1]).read_text("utf-8"), Path(sys.argv[2]))
    print(textgen.__version__, history, history.best_nats, history.curve.training_nats.min(), len(losses))
    generator = Generator.load(history.path)
    print(generator, generator.generate("the ", config=calm, transforms=[halve]))
    score: textgen.Score = generator.score("the hen")
    writing: textgen.Writing = generator.write("the ", config=calm)
    samples: list[textgen.Sample] = [sample for sample, _ in writing]
    print(score.nats, samples[0].text)
    writer = CoWriter(generator, "the ", words=1, ways=2, seed=1)
    proposals: list[textgen.Proposal] = writer.propose()
    writer.take(proposals[0])
    print(writer.text, textgen.verse.check(["a hen", "a pen"], "free").holds)
    print(textgen.inspection.trace(generator, "the hen").symbols, textgen.properties.followers(generator, "the hen"))
except (textgen.NothingLeftError, textgen.CorpusError, textgen.PromptError) as error:
    print("mend the options or the text:", error)
except (textgen.DamagedError, textgen.DivergenceError, textgen.OutOfMemoryError, textgen.RunError) as error:
    print("mend the run or the model:", error)
except (textgen.RunExistsError, textgen.RunInUseError, textgen.GroupError) as error:
    print("choose another folder:", error)
except (textgen.UsageError, textgen.InputError, textgen.ModelError, textgen.StorageError) as error:
    raise SystemExit(error.exit_code) from error
except textgen.TextgenError:
    raise
