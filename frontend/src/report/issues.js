/** What stands between the report and its signature. Pure. */

/**
 * [{kind, text, section}] in the order they should be dealt with. `blocking` kinds stop signing here
 * already; the server checks again.
 */
export function issuesOf({ model, late, conflict, rejected = new Set(), say }) {
  const issues = [];
  if (conflict) issues.push({ kind: 'conflict', blocking: true, text: say('issue_conflict') });
  if (late > 0) issues.push({ kind: 'late', blocking: true, text: say('issue_late', { count: late }) });
  const empty = model.emptyRequired();
  if (empty.length) {
    const names = empty.map((section) => section.title).join(', ');
    issues.push({ kind: 'empty', blocking: true, text: say('issue_empty', { names }), section: empty[0].name });
  }
  const doubtful = model.draftedOn(rejected);
  if (doubtful.length) {
    const text = say('issue_rejected', { count: doubtful.length });
    issues.push({ kind: 'rejected', blocking: true, text, sentence: doubtful[0].id });
  }
  return issues;
}
