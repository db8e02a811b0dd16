import type { Inode } from '../inode.ts'
import type { Name } from '../types.ts'
import type { TreeContext } from './tree-context.ts'

export class AttributeIndexes {
  constructor(context: TreeContext) {
    void context
  }
  isWorthwhile(directory: Inode, count: number): boolean {
    return false
  }
  async apply(directory: Inode, group: readonly Inode[]): Promise<void> {}
  note(inode: Inode): void {}
  removed(directory: Inode, name: Name): void {}
  async flush(): Promise<void> {}
  async close(): Promise<void> {}
}
