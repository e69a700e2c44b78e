// Runs one command to its end with a time limit that also ends what the command started.

import {spawn} from 'node:child_process'

const LONGEST_OUTPUT_BYTES = 16 << 20

/**
 * @param {string} command a program name, looked up in PATH
 * @param {string[]} args
 * @param {{cwd?: string, env?: object, timeoutMs?: number, show?: boolean}} options `show` also passes the output through
 * @returns {Promise<{status: number, output: string}>} `status` is 124 when the limit was reached, 127 when there is no
 *   such program, 128 + n when signal n ended it; `output` is stdout and stderr together, cut at 16 MiB
 */
export function run(command, args, {cwd, env, timeoutMs = 600_000, show = false} = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe']})
    const chunks = []
    let size = 0
    let timedOut = false

    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        if (show) process.stdout.write(chunk)
        if (size < LONGEST_OUTPUT_BYTES) chunks.push(chunk)
        size += chunk.length
      })
    }
    const timer = setTimeout(() => {
      timedOut = true
      endGroup(child.pid)
    }, timeoutMs)
    const interrupt = () => {
      endGroup(child.pid)
      process.exit(130)
    }
    process.once('SIGINT', interrupt)
    process.once('SIGTERM', interrupt)

    const finish = (status) => {
      clearTimeout(timer)
      process.off('SIGINT', interrupt)
      process.off('SIGTERM', interrupt)
      const note = timedOut ? `\n${command}: ended after ${timeoutMs / 1000} s\n` : ''
      resolve({status: timedOut ? 124 : status, output: Buffer.concat(chunks).toString() + note})
    }
    child.on('error', (error) => {
      chunks.push(Buffer.from(`${command}: ${error.message}\n`))
      finish(127)
    })
    child.on('close', (code, signal) => finish(code ?? 128 + signalNumber(signal)))
  })
}

// The child leads its own process group (detached), so the group is everything it started.
function endGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has already ended.
  }
}

function signalNumber(name) {
  return {SIGABRT: 6, SIGKILL: 9, SIGSEGV: 11, SIGTERM: 15}[name] ?? 0
}
