// UnveilRule: a part of the tree that a program may use.

/** A guest path and what it can be used for: letters of r, w, x and c (to make and remove names). */
export interface UnveilRule {
  path: string
  permissions: string
}
