// startFields: the schema of what all ways to start a vCPU take; apart from them, as the library's types know no valibot.

import * as v from 'valibot'
import * as takes from '../options.ts'

/** One table of the level that has an entry for each GiB. */
const MAX_GIBS = 512

const address = takes.either([takes.anyNumber, v.bigint()], 'a guest physical address')

export const startFields = {
  entry: address,
  stack: address,
  gibs: v.optional(takes.integer(1, MAX_GIBS)),
}
