// Signals that hv gets: from its own terminal, and from another process.

import {constants} from 'node:os'
import {fileURLToPath} from 'node:url'
import {expect, test} from 'vitest'
import {Pty} from '../../helpers/pty.ts'

const {SIGINT, SIGTSTP, SIGWINCH} = constants.signals
const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
/** Says again and again what it caught. It avoids console.log, for which Node takes SIGWINCH on a terminal. */
const WATCHER = `
  const addon = require('node-gyp-build')(${JSON.stringify(`${ROOT}native`)})
  const say = (text) => require('node:fs').writeSync(1, text + '\\n')
  addon.catchSignals([${SIGINT}, ${SIGTSTP}, ${SIGWINCH}])
  say('ready')
  setInterval(() => {
    for (const {signal, isOfTerminal} of addon.takeSignals()) say('<' + signal + ' ' + isOfTerminal + '>')
  }, 5)
`

test('a key, a stop key and a new size are of the terminal, what kill(2) sends is not', async () => {
  const pty = new Pty([process.execPath, '-e', WATCHER])
  await pty.expect(/ready/)
  pty.type('\x03')
  await pty.expect(/<2 true>/)
  pty.type('\x1a')
  await pty.expect(/<20 true>/)
  pty.resize(50, 132)
  await pty.expect(/<28 true>/)
  pty.kill(SIGINT)
  await pty.expect(/<2 false>/)
  expect(pty.output).not.toMatch(/<20 false>|<28 false>/)
})
