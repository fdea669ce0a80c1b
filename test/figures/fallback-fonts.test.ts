// Which font package has which characters.
import { expect, test } from "vitest";
import { packagesFor } from "../../sdk/src/figures/static/fallback-fonts.js";

test.each([
  ["学", "学习曲线", "noto-sans-sc"],
  ["学", "学習のこと", "noto-sans-jp"],
  ["學", "학습 學習", "noto-sans-kr"],
  ["한", "한국어 日本語の", "noto-sans-kr"],
  ["の", "の", "noto-sans-jp"],
  ["：", "回报：", "noto-sans-sc"],
  ["🚀", "go 🚀", "noto-emoji"],
  ["ش", "ش", undefined],
])("%s in %s comes from %s", (character, text, name) => {
  expect(packagesFor(character, text)[0]).toBe(name);
});
