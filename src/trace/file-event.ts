/** What a program did to a file. Paths are absolute, in normal form as far as their text goes, and may be links. */
export type FileEvent =
  | {
      readonly kind: "open";
      readonly path: string;
      /** `new`: refused where it exists (O_EXCL); `change`: what exists is written in its place. */
      readonly how: "new" | "change";
    }
  | { readonly kind: "rename" | "exchange"; readonly from: string; readonly to: string }
  /** A second name for a file; `from` is null for one that had none (O_TMPFILE). */
  | { readonly kind: "link"; readonly from: string | null; readonly to: string }
  | { readonly kind: "make-link" | "make-directory" | "remove"; readonly path: string }
  /** It was looked for, and is not there. */
  | { readonly kind: "missing"; readonly path: string }
  /** A program that was run. */
  | { readonly kind: "run"; readonly path: string }
  /** The process sees other file systems from here on (chroot, a mount namespace): its paths may mean something else. */
  | { readonly kind: "other-root" }
  /** The process can make calls that no tracer sees (io_uring(7)). */
  | { readonly kind: "unseen-calls" }
  /** A path relative to a folder that nobody knows. */
  | { readonly kind: "unknown-folder" };
