"""Stock OHIF from npm, as built by its makers, beside us: put where our own server gives it out.

Nothing of it is kept in this repository. It reads from our DICOMweb addresses with the session of the reader.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from pathlib import Path

PACKAGE, VERSION = "@ohif/app", "3.13.2"
# Its own defaults but for the address of the server and the notices a person would click away once.
CONFIG = """window.config = {
  routerBasename: '/', extensions: [], modes: [], customizationService: {},
  showStudyList: true, maxNumberOfWebWorkers: 3, showWarningMessageForCrossOrigin: false,
  showCPUFallbackMessage: false, showLoadingIndicator: true, strictZSpacingForVolumeViewport: true,
  investigationalUseDialog: { option: 'never' }, groupEnabledModesFirst: true, useCPURendering: CPU,
  maxNumRequests: { interaction: 100, thumbnail: 5, prefetch: 25 },
  defaultDataSourceName: 'dicomweb',
  dataSources: [{
    namespace: '@ohif/extension-default.dataSourcesModule.dicomweb', sourceName: 'dicomweb',
    configuration: {
      friendlyName: 'dicomweb', name: 'dicomweb', wadoUriRoot: ORIGIN + '/dicomweb', qidoRoot: ORIGIN + '/dicomweb',
      wadoRoot: ORIGIN + '/dicomweb', qidoSupportsIncludeField: true, imageRendering: 'wadors',
      thumbnailRendering: 'wadors', enableStudyLazyLoad: true, supportsFuzzyMatching: true, supportsWildcard: true,
      staticWado: false, singlepart: 'bulkdata,video', bulkDataURI: { enabled: true, relativeResolution: 'studies' },
      omitQuotationForMultipartRequest: true,
    },
  }],
};
"""


def install(folder: Path) -> Path:
    """The folder that is given out at the server's root; the package is fetched once, by npm."""
    kept = folder / f"ohif-{VERSION}"
    if not (kept / "package" / "dist" / "index.html").exists():
        kept.mkdir(parents=True, exist_ok=True)
        asked = ["npm", "pack", f"{PACKAGE}@{VERSION}", "--silent"]
        name = subprocess.run(asked, cwd=kept, check=True, capture_output=True, text=True).stdout.split()[-1]
        with tarfile.open(kept / name) as archive:
            archive.extractall(kept, filter="data")
        (kept / name).unlink()
    return kept / "package" / "dist"


def site(dist: Path, folder: Path, *, cpu: bool) -> Path:
    """A root for the server: the package's files linked, our own configuration, its page at /viewer/."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in dist.iterdir():
        if path.name not in ("app-config.js", "index.html"):
            (folder / path.name).symlink_to(path)
    words = CONFIG.replace("CPU,", f"{json.dumps(cpu)},").replace("ORIGIN", "window.location.origin")
    (folder / "app-config.js").write_text(words, encoding="utf-8")
    (folder / "viewer").mkdir()
    shutil.copy(dist / "index.html", folder / "viewer" / "index.html")
    return folder
