// Light or dark as the visitor chose, before anything is drawn.
const chosen = localStorage.getItem("orgo-theme");
if (chosen) document.documentElement.dataset.theme = chosen;
