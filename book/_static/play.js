// Sliders of a figure. The chapter has drawn every position (bookkit/play.py); this shows the one that is asked for.
for (const box of document.querySelectorAll("div.play")) {
  const {sliders, moving} = JSON.parse(box.querySelector("script").textContent);
  const form = box.querySelector("form"), inputs = [...form.querySelectorAll("input")];
  const show = () => {
    const at = inputs.map(input => Number(input.value));
    inputs.forEach((input, i) => {
      input.setAttribute("aria-valuetext", sliders[i].words[at[i]]);
      input.nextElementSibling.textContent = sliders[i].words[at[i]];
    });
    for (const part of moving) {
      const before = part.to[part.at];
      part.at = part.by.reduce((place, i) => place * sliders[i].words.length + at[i], 0);
      // a sentence that stays is not read out again
      if (part.to[part.at] === before) continue;
      if (part.shift) document.getElementById(part.id).setAttribute("transform", part.to[part.at]);
      else document.getElementById(part.id).innerHTML = part.to[part.at];
    }
  };
  form.hidden = false;
  form.addEventListener("input", show);
  form.addEventListener("submit", event => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(show));
  addEventListener("beforeprint", () => { form.reset(); show(); });
}
