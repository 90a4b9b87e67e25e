"use strict";
(() => {
  const form = document.getElementById("filters");
  const count = document.getElementById("count");
  const cards = [...document.querySelectorAll(".finding")];
  const groups = [...document.querySelectorAll(".group")];
  const selects = [...form.querySelectorAll("select")];

  const fits = (card, { name, value }) =>
    value === "" || card.dataset[name] === value ||
    (name === "class" && card.dataset.other === value);

  const apply = () => {
    let shown = 0;
    for (const card of cards) {
      card.hidden = !selects.every((select) => fits(card, select));
      shown += !card.hidden;
    }
    for (const group of groups) {
      group.hidden = !group.querySelector(".finding:not([hidden])");
    }
    count.textContent = shown + " of " + cards.length + " shown";
  };

  const read = () => {
    const wanted = new URLSearchParams(location.hash.slice(1));
    if (!selects.some((select) => wanted.has(select.name))) return;
    for (const select of selects) {
      const value = wanted.get(select.name) || "";
      select.value = [...select.options].some((o) => o.value === value) ? value : "";
    }
    apply();
    document.getElementById("findings").focus({ preventScroll: true });
    document.getElementById("findings").scrollIntoView();
  };

  form.hidden = false;
  form.addEventListener("change", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  window.addEventListener("hashchange", read);
  apply();
  read();
})();
