// Which tests CI may skip: those that need hardware no CI machine has, each with its reason.

import {readFileSync} from 'node:fs'

const rows = JSON.parse(readFileSync(new URL('allowed-skips.json', import.meta.url), 'utf8'))

/** A row is `{"name": REGULAR_EXPRESSION, "because": REASON}`; the expression is matched with the test's full name. */
export function allowedSkip(name) {
  return rows.some((row) => new RegExp(row.name).test(name))
}
