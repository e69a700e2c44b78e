// Runs the core of the list in a bed's tree of Debian's programs, natively and under hv.
//
//   node in-bed.ts PLATFORM [NAME...]     prints a line of JSON for each entry: {name, native, guest}

import {stepMs} from '../../ci/budgets.mjs'
import type {Platform} from '../guests/run.ts'
import {programsOfBeds} from './list.ts'
import {cleanUp, missing, type Place, runNatively, runUnderHv} from './run.ts'

const place: Place = {root: '/debian', directory: '/mnt/work', timeoutMs: stepMs('bedProgram')}

const [platform, ...names] = process.argv.slice(2)
for (const program of programsOfBeds) {
  const {name, command} = program
  if (names.length > 0 && !names.includes(name)) continue
  const lacking = missing(program, place)
  if (lacking.length > 0) throw new Error(`${place.root} lacks ${lacking.join(', ')}`)
  const native = runNatively(program, place)
  const guest = runUnderHv(program, platform as Platform, place)
  console.log(JSON.stringify({name: `${command[0]} ${name}`, native, guest}))
}
cleanUp(place)
