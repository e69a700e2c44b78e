// Unfinished: an operation has done a part of long work, and kept it; calling the same operation again continues from there.

export class Unfinished extends Error {}

/** One instance for all: nobody asks where it was thrown. */
export const UNFINISHED = new Unfinished('a part is done: call again')
