/** What SQLite keeps beside a database while it is open (sqlite.org/tempfiles.html). */
const sqliteSidecar = /-(?:journal|wal|shm)$/;

/** True for a name that stands beside a database; it may be gone again when the program ends. */
export function isSidecar(path: string): boolean {
  return sqliteSidecar.test(path) || path.endsWith("/lock.mdb");
}

/** The database that a name stands beside; undefined for what is no sidecar. */
export function databaseOf(sidecar: string): string | undefined {
  if (sidecar.endsWith("/lock.mdb")) return sidecar.replace(/lock\.mdb$/, "data.mdb");
  return sqliteSidecar.test(sidecar) ? sidecar.replace(sqliteSidecar, "") : undefined;
}

/**
 * Which of the written files are databases: those of SQLite (something stands beside them, or was looked for: SQLite looks for
 * a journal whenever it opens one), of LMDB, and of LevelDB (a directory with CURRENT and a MANIFEST).
 */
export function databasesAmong(
  written: readonly string[],
  sidecars: Iterable<string>,
  missing: Iterable<string>,
): ReadonlySet<string> {
  const names = new Set(written);
  const found = new Set<string>();
  for (const sidecar of [...sidecars, ...missing]) {
    const database = databaseOf(sidecar);
    if (database !== undefined && names.has(database)) found.add(database);
  }
  for (const path of written) {
    const folder = /^(.*)\/MANIFEST-\d{6}$/s.exec(path)?.[1];
    if (folder !== undefined && names.has(`${folder}/CURRENT`)) found.add(path);
  }
  return found;
}
