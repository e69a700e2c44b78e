// The guest's host name: what it may be, and what it is if nobody says.

export const DEFAULT_HOSTNAME = 'hv'
/** uname(2)'s nodename has room for 64 bytes; letters, digits, hyphens and dots, as in man 7 hostname. */
export const HOSTNAME = /^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$/
export const HOSTNAME_TAKES = '1 to 64 letters, digits, hyphens and dots'
