// warmUpServed: runs a small program of hv's own as an owner's would run, so that V8 has already compiled the code that later ones need.

import {attempt} from '../../errors.ts'
import {openAside} from '../../sentry/outside/aside-program.ts'
import type {HostProgram} from '../../sentry/outside/host-program.ts'
import type {RunRequest} from '../protocol/messages.ts'
import {ServedProgram, type Surroundings} from './served-program.ts'

const REQUEST: RunRequest = {
  ...{kind: 'run', id: 0, program: 'warm-up', args: [], env: {}},
  ...{live: 'none', stdin: new Uint8Array(0), maxOutputBytes: 0},
}

/**
 * Precondition: nothing has run. Nobody hears of it, the guest's tree keeps no trace, and pids begin anew. Whatever goes wrong, the
 * owner's program goes wrong with.
 * @param programs warm-up programs, one for each round
 */
export function warmUpServed(around: Surroundings, programs: readonly HostProgram[]): void {
  const {kernel} = around.sentry
  // It is only a warm-up.
  for (const onHost of programs)
    attempt(() => warmUpOnce({...around, restrict: () => {}, hooks: undefined}, onHost))
  kernel.pids.startAnew()
  kernel.runs.startAnew()
}

function warmUpOnce(around: Surroundings, onHost: HostProgram): void {
  const {kernel, credentials} = around.sentry
  const aside = openAside(onHost, kernel, credentials)
  try {
    const program = new ServedProgram(around, REQUEST)
    program.start(aside.executable)
    while (!program.hasEnded) kernel.run()
    program.finish()
  } finally {
    aside[Symbol.dispose]()
  }
}
