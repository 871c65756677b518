/** What stands on the stage now, in the form of a hanging protocol, so that it can be kept. */

export const isPrior = (pane) => pane.root.classList.contains('prior');

export const naming = (series) => ({ modality: series?.modality ?? '', description: (series?.description ?? '').slice(0, 256), orientation: series?.orientation ?? '' });

/** What a pane shows, as a place of the schema says it. The series a study opens with needs no name. */
export function placeFor(pane, { series, current }) {
  const study = isPrior(pane) ? 'prior' : 'current';
  const { side, view } = pane.hanging ?? {};
  if (side && view) return { name: pane.id, study, laterality: side, view, chest_wall: side === 'R' ? 'right' : 'left' };
  const own = series.findIndex((one) => one.images[0].url === pane.images[0]?.url);
  const named = own >= 0 && own !== current.opening ? naming(series[own]) : {};
  return { name: pane.id, study, ...named, window: pane.windowNow };
}

/** The stage that stands now in the form of the schema. */
export function toKeep(hanging) {
  const { plan, stage } = hanging;
  const places = plan.places.map((place) => {
    const { name, row, column, rows, columns, study, laterality = '', view = '', nth = 1, chest_wall = '' } = place;
    const asked = { modality: place.modality ?? '', description: place.description ?? '', orientation: place.orientation ?? '', nth, window: {} };
    const pane = view ? null : stage.find(name);
    const now = pane?.count ? placeFor(pane, hanging) : {};
    return { ...asked, ...(now.modality ? { nth: 1 } : {}), ...now, name, row, column, rows, columns, study, laterality, view, chest_wall };
  });
  const { name, label, rows, columns, scale, link, without_prior = 'skip' } = plan;
  return { name, label, rows, columns, scale, link, without_prior, places };
}
