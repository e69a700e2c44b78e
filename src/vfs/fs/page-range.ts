// Finds the pages present in a range, at the cost of the range or of the pages present, whichever is smaller: a guest chooses both.

export function pagesWithin(
  pages: ReadonlySet<number> | ReadonlyMap<number, unknown>,
  first: number,
  end: number,
): number[] {
  if (end - first > pages.size) return [...pages.keys()].filter((page) => page >= first && page < end)
  const found: number[] = []
  for (let page = first; page < end; page++) if (pages.has(page)) found.push(page)
  return found
}
