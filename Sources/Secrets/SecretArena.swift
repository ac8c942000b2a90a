// SPDX-License-Identifier: Apache-2.0

import Basics
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// The pages that secrets live in: locked against swapping where the host's limit allows it, left out of core dumps.
///
/// Why not `OPENSSL_secure_malloc`: its heap is one for the whole process, set up once and with a fixed size. Set up by
/// us, the host's own set-up fails; set up by the host, we would eat what it measured for itself.
/// Why not one mapping for each secret: `RLIMIT_MEMLOCK` (8 MiB, often 64 KiB) counts whole pages, so small secrets
/// share slabs of one slot size. A slot that was given back is zero, and its slab stays mapped for the next secret.
///
/// After `fork` the child gets an arena of its own: the parent's lock may be held by a thread that the child does not
/// have. What the child frees of the parent's is wiped and left where it is.
final class SecretArena: Sendable {
  /// Where a piece of memory came from, and so how it goes back.
  enum Origin: Equatable, Sendable {
    /// A slot of the size class with this index.
    case slot(Int)
    /// Whole pages of its own, too big for a slab.
    case pages(isLocked: Bool)
    /// The ordinary heap, where the kernel gives no pages.
    case heap
  }

  /// Sizes of the slots in bytes. What is bigger gets whole pages.
  static let slotSizes = [64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192, 16_384]
  /// Bytes of a slab: small, so that a few size classes fit under a lock limit of 64 KiB.
  static let slabSize = 16_384

  /// Addresses are kept as numbers: they are lent to one owner at a time and read by nobody else.
  private struct State {
    var free: [[UInt]] = Array(repeating: [], count: SecretArena.slotSizes.count)
    var slabs: [UInt] = []
    /// Slabs and live mappings that could not be locked.
    var unlockedRegions = 0
  }

  private let state = Locked(State())

  /// Address of the arena of this process; 0 before the first secret and in a child after `fork`.
  private static let address = Atomic<UInt>(0)
  private static let handlesFork: Bool = {
    address.store(0, ordering: .relaxed)
    return pthread_atfork(nil, nil, { SecretArena.address.store(0, ordering: .relaxed) }) == 0
  }()

  /// The arena of this process.
  static var current: SecretArena {
    _ = handlesFork
    if let arena = arena(at: address.load(ordering: .acquiring)) { return arena }
    let fresh = SecretArena()
    let retained = Unmanaged.passRetained(fresh)
    let bits = UInt(bitPattern: retained.toOpaque())
    let (wasFirst, winner) = address.compareExchange(expected: 0, desired: bits, ordering: .acquiringAndReleasing)
    if wasFirst { return fresh }
    retained.release()
    return arena(at: winner) ?? fresh
  }

  private static func arena(at bits: UInt) -> SecretArena? {
    guard let pointer = UnsafeRawPointer(bitPattern: bits) else { return nil }
    return Unmanaged<SecretArena>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// Whether every slab and every live mapping is locked.
  var isLocked: Bool { state.withLock { $0.unlockedRegions == 0 } }

  /// Gives at least `size` zero bytes, aligned to 16 at least.
  /// - Parameter size: bytes; what is below 1 counts as 1.
  func allocate(_ size: Int) -> (base: UnsafeMutableRawPointer, capacity: Int, origin: Origin) {
    if let index = Self.slotSizes.firstIndex(where: { size <= $0 }) {
      let slotSize = Self.slotSizes[index]
      let slot = state.withLock { Self.takeSlot(index, slotSize, &$0) }
      if let base = UnsafeMutableRawPointer(bitPattern: slot) { return (base, slotSize, .slot(index)) }
    } else if let (base, length, isLocked) = Self.mapPages(size) {
      if !isLocked { state.withLock { $0.unlockedRegions += 1 } }
      return (base, length, .pages(isLocked: isLocked))
    }
    // No pages to be had. The heap is still wiped; when it is used up too, Swift ends the process as it would anywhere.
    let capacity = max(size, 1)
    let base = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
    base.initializeMemory(as: UInt8.self, repeating: 0, count: capacity)
    state.withLock { $0.unlockedRegions += 1 }
    return (base, capacity, .heap)
  }

  /// Takes back memory that its owner has wiped.
  func release(_ base: UnsafeMutableRawPointer, capacity: Int, origin: Origin) {
    // In a child this is the parent's arena, whose lock must not be touched.
    let isOurs = Self.address.load(ordering: .relaxed) == UInt(bitPattern: Unmanaged.passUnretained(self).toOpaque())
    switch origin {
    case .slot(let index):
      let slot = UInt(bitPattern: base)
      if isOurs { state.withLock { $0.free[index].append(slot) } }
    case .pages(let isLocked):
      munmap(base, capacity)
      if isOurs, !isLocked { state.withLock { $0.unlockedRegions -= 1 } }
    case .heap:
      base.deallocate()
      if isOurs { state.withLock { $0.unlockedRegions -= 1 } }
    }
  }

  /// Whether a slab satisfies the condition: for the tests that look for what was left behind.
  func containsSlab(where matches: (UnsafeRawBufferPointer) -> Bool) -> Bool {
    state.withLock { state in
      state.slabs.contains { slab in
        matches(UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: slab), count: Self.slabSize))
      }
    }
  }

  /// Gives the address of a free slot, or 0 where the kernel has no pages left.
  private static func takeSlot(_ index: Int, _ slotSize: Int, _ state: inout State) -> UInt {
    if let slot = state.free[index].popLast() { return slot }
    guard let (base, length, isLocked) = mapPages(slabSize) else { return 0 }
    let slab = UInt(bitPattern: base)
    state.slabs.append(slab)
    if !isLocked { state.unlockedRegions += 1 }
    for offset in stride(from: slotSize, to: length, by: slotSize) { state.free[index].append(slab &+ UInt(offset)) }
    return slab
  }

  private static func mapPages(_ size: Int) -> (base: UnsafeMutableRawPointer, length: Int, isLocked: Bool)? {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let (padded, overflow) = size.addingReportingOverflow(page - 1)
    guard page > 0, !overflow else { return nil }
    let length = padded / page * page
    guard let base = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), base != MAP_FAILED
    else { return nil }
    madvise(base, length, MADV_DONTDUMP)
    // A child of fork() can use none of the handles that own these secrets, so it gets none of them either.
    madvise(base, length, MADV_WIPEONFORK)
    return (base, length, mlock(base, length) == 0)
  }
}
