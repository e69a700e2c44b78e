// startFields: the schema of the fields that all ways to start a vCPU share; in its own file, as the library's types know no valibot.

import * as v from 'valibot'
import * as takes from '../options.ts'

/** One table, at the level with an entry per GiB. */
const MAX_GIBS = 512

const address = takes.either([takes.anyNumber, v.bigint()], 'a guest physical address')

export const startFields = {entry: address, stack: address}

export const mappedFields = {
  ...startFields,
  gibs: v.optional(takes.integer(1, MAX_GIBS)),
}

const selector = v.optional(v.picklist([8, 16, 24], '8, 16 or 24'))

export const selectorFields = {codeSelector: selector, dataSelector: selector}
