/** Files out of a drop or a file input, folders searched to the bottom. Yields {file, path}. */

/** The list of a file input changes when the input is cleared, so it is copied first. */
export function fromInput(list) {
  return [...list].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
}

/** The entries must be taken during the event itself: afterwards the browser has emptied the transfer. */
export function fromDrop(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === 'file');
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? null);
  const files = [...transfer.files];
  return (async function* walkAll() {
    for (const [index, entry] of entries.entries()) {
      if (entry) yield* walk(entry);
      else if (files[index]) yield { file: files[index], path: files[index].name };
    }
  })();
}

async function* walk(entry) {
  if (entry.isDirectory) {
    for await (const child of children(entry)) yield* walk(child);
    return;
  }
  try {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    yield { file, path: entry.fullPath.replace(/^\//, '') };
  } catch {
    yield { file: null, path: entry.fullPath.replace(/^\//, '') };
  }
}

/** A reader gives a hundred entries at a time, and an empty list at the end. */
async function* children(folder) {
  const reader = folder.createReader();
  for (;;) {
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (!some.length) return;
    some.sort((a, b) => (a.name < b.name ? -1 : 1));
    yield* some;
  }
}
