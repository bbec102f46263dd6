// Opens a page in Firefox and prints what it wrote, as JSON: node firefox.mjs FIREFOX ADDRESS
import puppeteer from "puppeteer-core";

const [executablePath, address] = process.argv.slice(2);
const browser = await puppeteer.launch({ browser: "firefox", executablePath, headless: true });
try {
  const page = await browser.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(address);
  await page.waitForSelector("html[data-written]", { timeout: 60000 });
  const text = await page.$eval("#texts .text", (element) => element.textContent);
  await page.click("#tab-inside");
  await page.waitForSelector("html[data-steps]", { timeout: 60000 });
  const steps = await page.$eval("html", (element) => Number(element.dataset.steps));
  console.log(JSON.stringify({ text, steps, errors }));
} finally {
  await browser.close();
}
