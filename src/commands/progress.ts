import { bytesText } from "../diagnostics/bytes.ts";
import { columnsOf, cutBeginning } from "../diagnostics/columns.ts";
import { printable } from "../diagnostics/print.ts";

/** Shows how far something is that takes a while. */
export interface Progress {
  show(folder: string, seen: () => { entries: number; bytes: number }): void;
  /** Takes away what was shown. */
  end(): void;
}

/** Milliseconds before anything is shown, and between two times. */
const patience = 1000;
const pause = 100;

/** One line on stderr, from the first second on and only on a terminal: entries, bytes, the folder that is being read. */
export function progress(stream: NodeJS.WriteStream = process.stderr): Progress {
  if (!stream.isTTY || process.env["TERM"] === "dumb") return { show() {}, end() {} };
  let next = performance.now() + patience;
  let isShown = false;
  return {
    show(folder, seen) {
      if (performance.now() < next) return;
      next = performance.now() + pause;
      isShown = true;
      const { entries, bytes } = seen();
      stream.write(`\r\u001b[2K${lineOf(entries, bytes, folder, stream.columns)}`);
    },
    end() {
      if (isShown) stream.write("\r\u001b[2K");
    },
  };
}

function lineOf(entries: number, bytes: number, folder: string, columns: number | undefined): string {
  const counted = `${entries.toLocaleString("en")} entries  ${bytesText(bytes)}  `;
  const room = (columns ?? 80) - counted.length - 1;
  const shown = printable(folder);
  return counted + (columnsOf(shown) <= room ? shown : `…${cutBeginning(shown, Math.max(0, room - 1))}`);
}
