import { type ScreenSize, wrapped } from "../screen/frame.ts";
import { helpText } from "./keys.ts";

/** The help as lines that fit. */
export function helpLines({ columns }: ScreenSize): readonly string[] {
  return wrapped(helpText, columns - 2);
}
