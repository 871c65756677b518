/** When the study is due, in words that stay true while the page is open. */

const MINUTE = 60000;

export function dueWords(iso, now, say) {
  const minutes = Math.round((new Date(iso).getTime() - now) / MINUTE);
  const size = Math.abs(minutes);
  const amount =
    size < 60
      ? say('minutes', { n: size })
      : size < 48 * 60
        ? say('hours', { n: Math.floor(size / 60) })
        : say('days', { n: Math.floor(size / 1440) });
  return minutes < 0 ? say('late_by', { amount }) : say('due_in', { amount });
}

export function showDue(node, say) {
  const write = () => {
    node.textContent = dueWords(node.dateTime, Date.now(), say);
    node.classList.toggle('late', new Date(node.dateTime).getTime() < Date.now());
  };
  write();
  setInterval(write, MINUTE / 2);
}
