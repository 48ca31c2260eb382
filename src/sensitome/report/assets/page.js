/* Start every part; one that fails does not stop the others. */
(() => {
  const contents = () => {
    const links = new Map([...document.querySelectorAll(".contents a")].map((link) => [link.hash.slice(1), link]));
    const visible = new Set();
    const watch = new IntersectionObserver((entries) => {
      for (const entry of entries) (entry.isIntersecting ? visible.add(entry.target.id) : visible.delete(entry.target.id));
      const first = [...links.keys()].find((id) => visible.has(id));
      for (const [id, link] of links) {
        if (id === first) {
          link.setAttribute("aria-current", "true");
          const bar = link.closest("ol");
          if (bar.scrollWidth > bar.clientWidth) bar.scrollTo({ left: link.offsetLeft - bar.clientWidth / 2 + link.offsetWidth / 2 });
        } else link.removeAttribute("aria-current");
      }
    }, { rootMargin: "-15% 0px -70% 0px" });
    document.querySelectorAll("main > section").forEach((section) => watch.observe(section));
  };

  const copy = () => document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    const text = source.innerText;
    let done = false;
    try {
      await navigator.clipboard.writeText(text);
      done = true;
    } catch {
      const range = document.createRange();
      range.selectNodeContents(source);
      const selection = getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      done = document.execCommand("copy");
    }
    button.textContent = done ? "Copied" : "Selected: copy with the keyboard";
    setTimeout(() => { button.textContent = "Copy"; }, 2500);
  });

  for (const part of [contents, copy, S.tables.start, S.plates.start, S.wells.start, S.cards.start, S.figures.start]) {
    try {
      part();
    } catch (error) {
      console.error(error);
    }
  }
})();
