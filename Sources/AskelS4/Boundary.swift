// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics
import CAskelS4

public typealias ErrorOut = UnsafeMutablePointer<OpaquePointer?>
public typealias TextOut = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

/// Runs the body of an exported function: the one place where an `S4Error` becomes a status and an error object, and
/// inside the gate that a fork waits at. The body does not wait for the network. What the product gave for its callbacks,
/// and is needed no more, ends last, outside of the gate.
func boundary(_ outError: ErrorOut?, _ body: () throws(S4Error) -> Void) -> askel_s4_status {
  defer { Userdata.runEnded() }
  return ForkGate.within {
    outError?.pointee = nil
    do throws(S4Error) {
      try body()
      return askel_s4_status(ASKEL_S4_OK)
    } catch {
      outError?.pointee = Handle.make(ErrorObject(error))
      return error.code.rawValue
    }
  }
}

/// Objects behind the header's opaque pointers: a retained class instance each.
enum Handle {
  static func make<Object: AnyObject>(_ object: Object) -> OpaquePointer {
    OpaquePointer(Unmanaged.passRetained(object).toOpaque())
  }

  /// - Throws: `invalidArgument` for NULL.
  static func get<Object: AnyObject>(
    _ pointer: OpaquePointer?, _ name: String, as type: Object.Type
  ) throws(S4Error) -> Object {
    guard let pointer else { throw .invalidArgument(name, "is NULL") }
    return Unmanaged<Object>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
  }

  static func peek<Object: AnyObject>(_ pointer: OpaquePointer?, as type: Object.Type) -> Object? {
    pointer.map { Unmanaged<Object>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
  }

  /// Lets go of an object. In the child of a fork nothing is touched: locks may be held by threads that are gone, and
  /// its secrets are zero there already.
  static func release<Object: AnyObject>(_ pointer: OpaquePointer?, as type: Object.Type, _ guardian: ForkGuard?) {
    guard let pointer, !(guardian?.isForked ?? false) else { return }
    ForkGate.within { Unmanaged<Object>.fromOpaque(UnsafeRawPointer(pointer)).release() }
    Userdata.runEnded()
  }
}

/// Arguments of exported functions, checked.
enum Argument {
  /// - Throws: `invalidArgument` for NULL and for text that is not UTF-8.
  static func text(_ pointer: UnsafePointer<CChar>?, _ name: String) throws(S4Error) -> String {
    guard let pointer else { throw .invalidArgument(name, "is missing (NULL)") }
    guard let text = String(validatingCString: pointer) else { throw .invalidArgument(name, "is not UTF-8") }
    return text
  }

  /// - Returns: nil for NULL.
  static func optionalText(_ pointer: UnsafePointer<CChar>?, _ name: String) throws(S4Error) -> String? {
    pointer == nil ? nil : try text(pointer, name)
  }

  /// Borrows bytes for the length of the call.
  static func bytes(
    _ pointer: UnsafePointer<CChar>?, _ count: Int, _ name: String, limit: Int
  ) throws(S4Error) -> UnsafeRawBufferPointer {
    guard 0...limit ~= count else {
      throw .invalidArgument(name, "has \(UInt(bitPattern: count)) bytes, and \(limit) is the most")
    }
    guard pointer != nil || count == 0 else { throw .invalidArgument(name, "is NULL, and its size is \(count)") }
    return UnsafeRawBufferPointer(start: pointer, count: count)
  }

  static func out<Value>(
    _ pointer: UnsafeMutablePointer<Value>?, _ name: String, cleared: Value
  ) throws(S4Error) -> UnsafeMutablePointer<Value> {
    guard let pointer else { throw .invalidArgument(name, "is NULL: there is nowhere to put the result") }
    pointer.pointee = cleared
    return pointer
  }

  /// - Throws: `invalidArgument` for a value that the header does not know.
  static func choice<Choice: RawRepresentable<Int32>>(
    _ value: Int32, _ name: String, as type: Choice.Type
  ) throws(S4Error) -> Choice {
    guard let choice = Choice(rawValue: value) else { throw .invalidArgument(name, "\(value) is no value of it") }
    return choice
  }

  static func flag(_ value: Int32, _ name: String) throws(S4Error) -> Bool {
    guard value == 0 || value == 1 else { throw .invalidArgument(name, "\(value) is neither 0 nor 1") }
    return value == 1
  }

  static func timeout(_ value: Int64) throws(S4Error) -> Int64 {
    guard value >= 0 else { throw .invalidArgument("timeout_ms", "\(value) is negative") }
    return value
  }

  /// Copies an option struct of any version over zeroed defaults; also where it throws because of its tail.
  /// - Throws: `invalidArgument` for a `struct_size` below the first version's, or one above ours whose tail, which we
  ///   do not know, is not zero.
  static func options<Options: BitwiseCopyable>(
    _ pointer: UnsafePointer<Options>?, _ name: String, firstSize: Int, into options: inout Options
  ) throws(S4Error) {
    guard let pointer else { throw .invalidArgument(name, "is NULL") }
    let raw = UnsafeRawPointer(pointer)
    let size = raw.loadUnaligned(as: Int.self)
    let known = MemoryLayout<Options>.size
    guard size >= firstSize, size <= maximumStruct else {
      throw .invalidArgument(
        "struct_size",
        "\(name) says \(UInt(bitPattern: size)) bytes and has at least \(firstSize): set it from the header's INIT macro"
      )
    }
    withUnsafeMutableBytes(of: &options) {
      $0.copyMemory(from: UnsafeRawBufferPointer(start: raw, count: min(size, known)))
    }
    for offset in known..<max(known, size) where raw.load(fromByteOffset: offset, as: UInt8.self) != 0 {
      throw .invalidArgument(
        "struct_size", "\(name) uses a member that this version of the library (\(askelVersion)) does not know")
    }
  }

  /// No options struct will ever be larger: a size beyond it is a forgotten INIT.
  private static let maximumStruct = 65_536
}

/// Gives text to the caller, who frees it with `askel_s4_string_free`.
func give(_ text: String, to out: TextOut) throws(S4Error) {
  guard let copy = strdup(text) else {
    throw S4Error(.hostUnfit, "the process is short of memory: the result was not given")
  }
  out.pointee = copy
}
