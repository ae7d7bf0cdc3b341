/** What lies at a path; `bytes` as `ls` counts them. */
export interface Found {
  readonly kind: "file" | "directory" | "link" | "other";
  readonly bytes: number;
}
