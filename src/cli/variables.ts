// The guest's variables, from --env and --env-file.

import {readFileSync} from 'node:fs'
import {badArgument} from '../errors.ts'
import {parseEnv, parseEnvFile} from '../launch/options/parse-values.ts'
import type {RunArgv} from './read-run-argv.ts'

/** What --env says replaces what a file says, and the later the earlier. @throws HvError BAD_ARGUMENT */
export function variablesOf(flags: RunArgv['flags'], caller: NodeJS.ProcessEnv): Record<string, string> {
  const given = (flag: string): string[] => flags.flatMap(([name, value]) => (name === flag ? [value] : []))
  const ofFiles = given('env-file').flatMap((file) =>
    parseEnvFile(readText(file, '--env-file'), file, caller),
  )
  const own = given('env').map((text) => parseEnv(text, caller))
  return Object.fromEntries([...ofFiles, ...own].filter((variable) => variable !== undefined))
}

/** A small file of the user's. @param flag for the message. @throws HvError BAD_ARGUMENT */
function readText(path: string, flag: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code
    throw badArgument(`${flag}: ${path} cannot be read (${reason})`, 'name a readable file', {
      cause: error,
    })
  }
}
