// Completion in bash, which replaces the plugin's: that one knows commands and flags but no values. A table of words, and a reader.

import {mkdirSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import type {Command, Config} from '@oclif/core'
import {boardNames} from '../board/load.ts'
import {flagNamed} from '../launch/options/table.ts'

/** Values that oclif's options do not list. */
const VALUES: Record<string, () => readonly string[]> = {
  'hv check --board': boardNames,
  'hv boards show': boardNames,
}

/** Overwrites the plugin's file, which `hv autocomplete` has written and ~/.bashrc's line loads. */
export function writeBashCompletion(config: Config): void {
  const path = join(config.cacheDir, 'autocomplete/functions/bash/hv.bash')
  mkdirSync(dirname(path), {recursive: true})
  writeFileSync(path, bashCompletion(config.commands.filter(({hidden}) => !hidden)))
}

function bashCompletion(commands: Command.Loadable[]): string {
  const table = new Map([['hv', [] as string[]]])
  const runners: string[] = []
  for (const {id, flags, args, strict} of commands) {
    const path = ['hv', ...id.split(':')]
    const key = path.join(' ')
    if (!strict) runners.push(`'${key}'`)
    add(table, path.slice(0, -1).join(' '), [path.at(-1)!])
    add(table, key, [...Object.values(args).flatMap(({options}) => options ?? []), ...valuesOf(key)])
    for (const flag of Object.values(flags)) {
      const names = [`--${flag.name}`, ...(flag.char ? [`-${flag.char}`] : [])]
      const takesValue = flag.type === 'option'
      add(table, `${key} -`, takesValue ? names.map((name) => `${name}=`) : names)
      const values = [
        ...((takesValue && flag.options) || []),
        ...valuesOf(`${key} --${flag.name}`),
        ...(strict ? [] : (flagNamed(flag.name)?.words ?? [])),
      ]
      for (const name of values.length > 0 ? names : []) add(table, `${key} ${name}`, values)
    }
  }
  const rows = [...table].map(([key, words]) => `    '${key}') words='${words.join(' ')}' ;;`)
  return script(rows.join('\n'), runners.join(' | '))
}

/** Only words that bash would not expand. */
const valuesOf = (key: string) => VALUES[key]?.().filter((word) => /^[\w.-]+$/.test(word)) ?? []

function add(table: Map<string, string[]>, key: string, words: string[]): void {
  table.set(key, [...(table.get(key) ?? []), ...words])
}

/** @param rows `hv run`: the words that can follow; `hv run -`: its flags, with = if they take a value; `hv run --machine`: values */
const script = (
  rows: string,
  runners: string,
) => `# hv's completion; \`hv autocomplete --refresh-cache\` writes it.

_hv_words() {
  words=
  case $1 in
${rows}
    *) return 1 ;;
  esac
}

_hv_autocomplete() {
  local IFS=$' \\t\\n' words path=hv flag= head= cur=\${COMP_WORDS[COMP_CWORD]} i word
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    # readline makes three words of --flag=value, and of HOST:GUEST.
    if [[ $word == [=:]* ]]; then
      flag=\${COMP_WORDS[i - 1]}
    elif [[ $flag ]]; then
      flag=
    elif [[ $word == -* ]]; then
      _hv_words "$path -" && [[ " $words " == *" $word= "* ]] && flag=$word
    elif _hv_words "$path $word -" || _hv_words "$path $word"; then
      path+=" $word"
    else
      # What follows PROGRAM is its own.
      case $path in ${runners}) return ;; esac
    fi
  done
  [[ $cur == [=:]* ]] && flag=\${COMP_WORDS[COMP_CWORD - 1]} cur=

  if [[ $flag ]]; then
    _hv_words "$path $flag"
    # "several values in quotes"
    cur=\${cur#[\\"\\']}
    [[ $cur == *' '* ]] && head="\${cur% *} " cur=\${cur##* }
  elif [[ $cur == -* ]]; then
    _hv_words "$path -"
  else
    _hv_words "$path"
  fi
  for word in $(compgen -W "\${words//=/}" -- "$cur"); do COMPREPLY+=("$head$word"); done
}

# Where there is nothing to say: file names.
complete -o default -F _hv_autocomplete hv
`
