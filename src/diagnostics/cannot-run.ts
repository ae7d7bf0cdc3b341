/**
 * Something outside the manifest keeps a command from running: a file that cannot be read or written, a host that is
 * not named. Its message is for the person; the exit code is 2 and there is no stack trace.
 */
export class CannotRun extends Error {}
