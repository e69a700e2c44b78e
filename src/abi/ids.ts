// Numbers of users and groups: man 7 credentials.

/** The largest: -1 means none. */
export const MAX_ID = 2 ** 32 - 2
