// Style: how much a trace shows of what a call takes and gives.

export interface Style {
  /** Of a string's bytes, and of an array's elements: strace's -s. */
  readonly stringLimit: number
  /** Each descriptor with what it leads to: strace's -y. */
  readonly showsPaths: boolean
}

export const DEFAULT_STYLE: Style = {stringLimit: 32, showsPaths: false}

export function styleOf({stringLimit, showsPaths}: Partial<Style>): Style {
  return {
    stringLimit: stringLimit ?? DEFAULT_STYLE.stringLimit,
    showsPaths: showsPaths ?? DEFAULT_STYLE.showsPaths,
  }
}
