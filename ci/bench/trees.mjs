// Files for programs to work on, made on first use in .cache/bench.

import {execFileSync} from 'node:child_process'
import {existsSync, mkdirSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {cache} from '../paths.mjs'

const SOURCES = 50
const FILES = 10_000
const FILES_A_DIRECTORY = 100
const FUNCTIONS = 250
const JSON_BYTES = 50e6
const INSERTS = 100_000

/** @returns {string} a folder with a Makefile and C files, made on first use */
export function sourceTree() {
  return made(`${cache}/bench/sources`, (folder) => {
    const names = Array.from({length: SOURCES}, (_, i) => `part${i}`)
    for (const name of names)
      writeFileSync(
        `${folder}/${name}.c`,
        `#include <stdio.h>\nint ${name}(int x) { return printf("%d", x); }\n`,
      )
    writeFileSync(`${folder}/Makefile`, `all: ${names.map((name) => `${name}.o`).join(' ')}\n`)
  })
}

/** @returns {string} a git repository of 10,000 files, made on first use */
export function gitRepository() {
  return made(`${cache}/bench/repository`, (folder) => {
    for (let i = 0; i < FILES; i++) {
      const directory = `${folder}/${Math.floor(i / FILES_A_DIRECTORY)}`
      if (i % FILES_A_DIRECTORY === 0) mkdirSync(directory)
      writeFileSync(`${directory}/${i}.txt`, `${i}\n`)
    }
    const git = (...args) => execFileSync('git', ['-C', folder, ...args], {stdio: 'ignore'})
    git('init')
    git('add', '.')
    git('-c', 'user.name=bench', '-c', 'user.email=bench@localhost', 'commit', '-m', 'all')
  })
}

/** @returns {string} a C file of some 2,000 lines, made on first use */
export function longSource() {
  const file = ({folder}) => `${folder}/long.c`
  const body = (i) =>
    [
      `int part${i}(const int *values, int count) {`,
      '  int sum = 0;',
      '  for (int at = 0; at < count; at++) {',
      `    if (values[at] % ${i + 2} == 0) sum += values[at] * ${i + 1};`,
      '    else sum ^= values[at] << (at % 7);',
      '  }',
      `  return printf("%d %d\\n", ${i}, sum);`,
      '}',
    ].join('\n')
  const folder = made(`${cache}/bench/long`, (unfinished) => {
    const parts = Array.from({length: FUNCTIONS}, (_, i) => body(i))
    writeFileSync(file({folder: unfinished}), `#include <stdio.h>\n${parts.join('\n')}\n`)
  })
  return file({folder})
}

/** @returns {string} a JSON file of some 50 MB, made on first use */
export function longJson() {
  const folder = made(`${cache}/bench/json`, (unfinished) => {
    const entry = (id) => ({
      id,
      name: `entry ${id}`,
      tags: ['a', 'b', 'c'],
      at: {x: id / 7, y: -id},
      on: id % 2 === 0,
    })
    const entries = Math.ceil(JSON_BYTES / JSON.stringify(entry(100_000)).length)
    writeFileSync(
      `${unfinished}/long.json`,
      JSON.stringify(Array.from({length: entries}, (_, id) => entry(id))),
    )
  })
  return `${folder}/long.json`
}

/** @returns {string} a script for sqlite3, made on first use: 100,000 inserts in one transaction */
export function insertScript() {
  const folder = made(`${cache}/bench/sqlite`, (unfinished) => {
    const inserts = Array.from({length: INSERTS}, (_, i) => `INSERT INTO t VALUES (${i}, 'row ${i}');`)
    const lines = ['CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);', 'BEGIN;', ...inserts, 'COMMIT;']
    writeFileSync(`${unfinished}/inserts.sql`, `${lines.join('\n')}\n`)
  })
  return `${folder}/inserts.sql`
}

function made(folder, fill) {
  if (existsSync(folder)) return folder
  const unfinished = `${folder}.new`
  rmSync(unfinished, {recursive: true, force: true})
  mkdirSync(unfinished, {recursive: true})
  fill(unfinished)
  renameSync(unfinished, folder)
  return folder
}
