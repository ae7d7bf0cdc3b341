/** Paths at, below, above and beside the given ones; of patterns, paths that they match and some that they do not. */
export function probesOf(lives: readonly string[]): string[] {
  const probes = lives.flatMap((live) => {
    const instances = /[*?]/.test(live) ? instancesOf(live) : [live];
    return instances.flatMap((path) => [path, `${path}/x`, `${path}/a/b`, `${path}0`, parent(path)]);
  });
  return [...new Set(probes)].filter((path) => path.startsWith("/") && path !== "/");
}

function instancesOf(pattern: string): string[] {
  return ["", "a", "abc.d", "a/b"].map((text) => pattern.replace(/\*/g, () => text).replace(/\?/g, "q")).filter(isPath);
}

function isPath(path: string): boolean {
  return !path.includes("//") && !path.endsWith("/");
}

function parent(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
