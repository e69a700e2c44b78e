// A command as a check: it passes when it exits 0.

import {root} from '../paths.mjs'
import {run} from '../process.mjs'

export async function command(name, program, args, options = {}) {
  const {status, output} = await run(program, args, {cwd: root, ...options})
  if (status === 0) return {name, status: 'passed', output}
  return {
    name,
    status: 'failed',
    detail: `${program} ${args.slice(0, 6).join(' ')}: status ${status}\n${output}`,
  }
}
