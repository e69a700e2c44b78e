// Work that needs the sentry little or not at all: computation, first touch of memory, reading a file; against native.

import {alternate, best, underHv} from './measure.mjs'
import {bigFile, program} from './programs.mjs'
import {row} from './row.mjs'

const COMPUTE_LIMIT = 1.03
const MEBIBYTES_DIGESTED = 16
const DOUBLES_SORTED = 1_000_000
const MEBIBYTES_TOUCHED = 256

export function compute({rounds}) {
  return [
    againstNative('compute/sha256', [program('sha256'), `${MEBIBYTES_DIGESTED}`], rounds, {
      limit: COMPUTE_LIMIT,
    }),
    againstNative('compute/sort', [program('sort'), `${DOUBLES_SORTED}`], rounds, {limit: COMPUTE_LIMIT}),
  ]
}

export function memory({rounds}) {
  return [againstNative('memory/first-touch', [program('first-touch'), `${MEBIBYTES_TOUCHED}`], rounds)]
}

export function file({rounds}) {
  const path = bigFile()
  const flags = ['--volume', `${path}:${path}:ro`]
  return [againstNative('file/read-64KiB', [program('read-file'), path], rounds, {flags})]
}

/** The programs time themselves, in nanoseconds. */
function againstNative(name, argv, rounds, {limit, flags} = {}) {
  const {native, hv} = alternate({native: argv, hv: underHv(argv, flags)}, rounds)
  return row(name, 'ms', best(hv) / 1e6, 'native', best(native) / 1e6, {limit})
}
