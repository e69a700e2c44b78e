// The library's side of the table: checks the library's options, and turns them into settings for the sentry.

import * as v from 'valibot'
import * as takes from '../../options.ts'
import type {Row, Rows} from './row.ts'

type Fields<Options> = {[Name in keyof Options]-?: v.GenericSchema<unknown, Options[Name]>}

/** For `takes.options`: all of them optional. */
export function fieldsOf<Given extends object, Setting extends object>(
  rows: Rows<Given, Setting>,
): Fields<Given> {
  const fields = Object.entries<Row<unknown>>(rows).map(([name, row]) => [
    name,
    v.optional(row.schema!(takes)),
  ])
  return Object.fromEntries(fields) as Fields<Given>
}

/** The settings for those that were given; fields without a row are left out. */
export function settingsOf<Given extends object, Setting extends object>(
  rows: Rows<Given, Setting>,
  given: Given,
): Partial<Setting> {
  const settings = Object.entries<Row<unknown>>(rows).flatMap(([name, row]) => {
    const value = given[name as keyof Given]
    return value === undefined ? [] : [[name, row.settle === undefined ? value : row.settle(value)]]
  })
  return Object.fromEntries(settings) as Partial<Setting>
}
