import { type DecodedDirectory, type DecodedFile, decodeDirectory, decodeFile } from "../languages/chezmoi-names.ts";

/** What a path of a chezmoi source stands for. */
export interface SourcePath {
  /** Relative to the home. */
  readonly target: string;
  /** As it is spelled, without a slash at the end. */
  readonly path: string;
  /** The directories on the way, from the outside in. */
  readonly above: readonly DecodedDirectory[];
  /** One of the two. */
  readonly directory: DecodedDirectory | undefined;
  readonly file: DecodedFile | undefined;
}

/**
 * Reads a path of the source, a directory with a slash at its end; undefined for what is no target, and for all below an
 * `external_` directory.
 */
export function readSourcePath(path: string): SourcePath | undefined {
  const isDirectory = path.endsWith("/");
  const components = (isDirectory ? path.slice(0, -1) : path).split("/");
  const last = components.pop() ?? "";
  const above: DecodedDirectory[] = [];
  for (const component of components) {
    const decoded = decodeDirectory(component);
    if (decoded === undefined || decoded.type === "external") return undefined;
    above.push(decoded);
  }
  const directory = isDirectory ? decodeDirectory(last) : undefined;
  const file = isDirectory ? undefined : decodeFile(last);
  const name = directory?.name ?? file?.name;
  if (name === undefined) return undefined;
  const target = [...above.map((decoded) => decoded.name), name].join("/");
  return { target, path: [...components, last].join("/"), above, directory, file };
}
