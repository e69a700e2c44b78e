// Formats every TypeScript, JSON and C++ file in place.

import {command} from './stages/command.mjs'
import {clangFormat} from './stages/lint.mjs'

const checks = [
  await command('biome', 'npx', ['biome', 'check', '--config-path', 'ci', '--write', '.']),
  await clangFormat(['-i']),
]
for (const {name, status, detail} of checks) console.log(`${name}: ${status}${detail ? `\n${detail}` : ''}`)
process.exitCode = checks.every(({status}) => status === 'passed') ? 0 : 1
