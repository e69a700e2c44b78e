// Unfinished: an operation has done a part of long work, and kept it; the same operation, called again, goes on from there.

export class Unfinished extends Error {}

/** One for all: nobody asks where it was thrown. */
export const UNFINISHED = new Unfinished('a part is done: call again')
