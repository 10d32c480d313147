// Runs before the first paint, so that a dark room stays dark. A file of its own, for the page allows no inline script.
(() => {
  let wanted = 'system';
  try {
    wanted = localStorage.getItem('gapura.theme') ?? 'system';
  } catch {
    // Storage is switched off: the system's choice it is.
  }
  const isDark = wanted === 'dark' || (wanted !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = isDark ? 'dark' : 'light';
})();
