import type { AbsolutePath } from "./path.ts";

/**
 * Remembers what a function finds out about a plan: plans never change, and several outputs ask the same. `key` tells
 * further arguments apart.
 */
export function rememberFor<O extends object, A extends readonly unknown[], R>(
  find: (owner: O, ...args: A) => R,
  key: (...args: A) => string = () => "",
): (owner: O, ...args: A) => R {
  const known = new WeakMap<O, Map<string, R>>();
  return (owner, ...args) => {
    const results = known.get(owner) ?? new Map<string, R>();
    known.set(owner, results);
    const name = key(...args);
    if (results.has(name)) return results.get(name) as R;
    const result = find(owner, ...args);
    results.set(name, result);
    return result;
  };
}

/** Remembers what a function finds out about a path. */
export function rememberByPath<R>(find: (path: AbsolutePath) => R): (path: AbsolutePath) => R {
  const known = new Map<AbsolutePath, { readonly found: R }>();
  return (path) => {
    const before = known.get(path);
    if (before !== undefined) return before.found;
    const found = find(path);
    known.set(path, { found });
    return found;
  };
}
