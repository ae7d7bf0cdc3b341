export interface ChezmoiSource {
  readonly root: string;
}
