// What a directory tree should look like: a plain map from path to contents (null: a directory). Paths are absolute.

export class SimModel {
  readonly entries: Map<string, string | null>

  constructor(entries: ReadonlyMap<string, string | null> = new Map()) {
    this.entries = new Map(entries)
  }

  copy(): SimModel {
    return new SimModel(this.entries)
  }

  isDirectory(path: string): boolean {
    return this.entries.get(path) === null
  }

  files(): string[] {
    return this.names().filter((path) => !this.isLink(path))
  }

  /** Files and links. */
  names(): string[] {
    return [...this.entries].filter(([, content]) => content !== null).map(([path]) => path)
  }

  isLink(path: string): boolean {
    return this.entries.get(path)?.startsWith(linkTo('')) === true
  }

  directories(): string[] {
    return [...this.entries].filter(([, content]) => content === null).map(([path]) => path)
  }

  below(path: string): string[] {
    return [...this.entries.keys()].filter((other) => other.startsWith(`${path}/`))
  }

  remove(path: string): void {
    for (const other of this.below(path)) this.entries.delete(other)
    this.entries.delete(path)
  }

  rename(from: string, to: string): void {
    if (from === to) return
    const moved = [...this.entries].filter(([path]) => path === from || path.startsWith(`${from}/`))
    for (const [path] of moved) this.entries.delete(path)
    this.remove(to)
    for (const [path, content] of moved) this.entries.set(to + path.slice(from.length), content)
  }

  /** Where `other` differs, as text; empty when they agree outside of `doubtful` paths and what is below them. */
  differences(other: SimModel, doubtful: readonly string[] = []): string[] {
    const inDoubt = (path: string): boolean => doubtful.some((each) => path === each || path.startsWith(`${each}/`))
    const found: string[] = []
    for (const path of new Set([...this.entries.keys(), ...other.entries.keys()])) {
      if (inDoubt(path)) continue
      const mine = this.entries.get(path)
      const theirs = other.entries.get(path)
      if (mine !== theirs) found.push(`${path}: expected ${show(mine)}, found ${show(theirs)}`)
    }
    return found
  }
}

/** What a path that is a link has for contents. */
export function linkTo(target: string): string {
  return `\0link ${target}`
}

function show(content: string | null | undefined): string {
  if (content === undefined) return 'nothing'
  if (content === null) return 'a directory'
  return content.length > 40
    ? `${content.length} bytes ${JSON.stringify(content.slice(0, 24))}`
    : JSON.stringify(content)
}
