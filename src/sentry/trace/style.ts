// Style: how much a trace shows of a call's arguments and results.

export interface Style {
  /** Limits a string's bytes and an array's elements: strace's -s. */
  readonly stringLimit: number
  /** Shows each descriptor with what it leads to: strace's -y. */
  readonly showsPaths: boolean
}

export const DEFAULT_STYLE: Style = {stringLimit: 32, showsPaths: false}

export function styleOf({stringLimit, showsPaths}: Partial<Style>): Style {
  return {
    stringLimit: stringLimit ?? DEFAULT_STYLE.stringLimit,
    showsPaths: showsPaths ?? DEFAULT_STYLE.showsPaths,
  }
}
