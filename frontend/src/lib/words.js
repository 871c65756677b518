/** Fills `{name}` places of a translated sentence; an unknown place stays visible, so it is noticed. */
export function fill(sentence, values = {}) {
  return String(sentence ?? '').replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** A lookup over the page's strings; a missing key shows itself rather than nothing. */
export function words(strings) {
  return (key, values) => fill(strings[key] ?? key, values);
}

/** 14:02:11 of an ISO time, in the reader's own time zone. */
export function clock(iso) {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return '';
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((n) => String(n).padStart(2, '0')).join(':');
}

/** A number with a true minus sign, as radiology writes it: −600. */
export function signed(number, digits = 0) {
  const text = Math.abs(number).toFixed(digits);
  return number < 0 && Number(text) !== 0 ? `−${text}` : text;
}
