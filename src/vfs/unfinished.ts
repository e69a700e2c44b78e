// UnfinishedError: an operation has done a part of long work, and kept it; calling the same operation again continues from there.

export class UnfinishedError extends Error {}

/** One instance for all: nobody asks where it was thrown. */
export const UNFINISHED = new UnfinishedError('a part is done: call again')
