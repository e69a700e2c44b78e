// startFields: the schema of the fields that all ways to start a vCPU share; in its own file, as the library's types know no valibot.

import * as v from 'valibot'
import * as takes from '../options.ts'

/** One table, at the level with an entry per GiB. */
const MAX_GIBS = 512

const address = takes.either([takes.anyNumber, v.bigint()], 'a guest physical address')

export const startFields = {
  entry: address,
  stack: address,
  gibs: v.optional(takes.integer(1, MAX_GIBS)),
}
