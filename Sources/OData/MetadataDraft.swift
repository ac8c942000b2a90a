// SPDX-License-Identifier: Apache-2.0

/// The declarations of a `$metadata` document before its references are followed.
struct MetadataDraft {
  struct Navigation {
    var name: String
    var relationship: String
    var toRole: String
    /// V4 says where it leads by itself.
    var type: String?
  }

  /// A function import of V2, or a function or action of V4.
  struct Callable {
    var name: String
    var verb: String
    var isBound: Bool
    var parameters: [Property] = []
    /// Of V4 the type of the first parameter, which is what a bound one belongs to.
    var bindingType = ""
    var returnType = ""
  }

  struct Entity {
    var name: String
    var baseType: String?
    var isAggregate: Bool
    var key: [String] = []
    var properties: [Property] = []
    var navigations: [Navigation] = []
  }

  struct End {
    var role: String
    var type: String
    var isCollection: Bool
  }

  var hasRoot = false
  var version = ""
  var aliases: [String: String] = [:]
  var types: [Entity] = []
  var associations: [String: [End]] = [:]
  var sets: [(name: String, type: String)] = []
  var callables: [Callable] = []
  /// V4: names by which the container offers functions and actions.
  var imports: [(name: String, callable: String)] = []
  private(set) var warnings: [String] = []

  private var openAssociation = ""
  private static let maximumWarnings = 100

  mutating func warn(_ message: String) {
    if warnings.count < Self.maximumWarnings { warnings.append(message) }
  }

  mutating func beginType(name: String, baseType: String?, isAggregate: Bool) {
    types.append(Entity(name: name, baseType: baseType, isAggregate: isAggregate))
  }

  mutating func addKey(_ name: String?) {
    changeType { $0.key.append(name ?? "") }
  }

  mutating func addProperty(_ property: Property) {
    guard isName(property.name) else { return warn("a property is named \(MessageText.quoted(property.name))") }
    changeType { $0.properties.append(property) }
  }

  mutating func addNavigation(name: String?, relationship: String, toRole: String) {
    guard let name, isName(name) else {
      return warn("a navigation property is named \(MessageText.quoted(name ?? ""))")
    }
    changeType { $0.navigations.append(Navigation(name: name, relationship: relationship, toRole: toRole)) }
  }

  mutating func addNavigation(name: String?, type: String) {
    guard let name, isName(name) else {
      return warn("a navigation property is named \(MessageText.quoted(name ?? ""))")
    }
    changeType { $0.navigations.append(Navigation(name: name, relationship: "", toRole: "", type: type)) }
  }

  mutating func beginOperation(name: String, verb: String, isBound: Bool) {
    callables.append(Callable(name: name, verb: verb, isBound: isBound))
  }

  mutating func addParameter(_ property: Property, type: String) {
    guard let last = callables.indices.last else { return }
    guard isName(property.name) else { return warn("a parameter is named \(MessageText.quoted(property.name))") }
    if callables[last].isBound, callables[last].bindingType.isEmpty {
      callables[last].bindingType = type
    } else {
      callables[last].parameters.append(property)
    }
  }

  mutating func setReturnType(_ type: String?) {
    guard let last = callables.indices.last else { return }
    callables[last].returnType = type ?? ""
  }

  mutating func addImport(name: String?, of callable: String?) {
    guard let name, isName(name) else { return warn("an operation is named \(MessageText.quoted(name ?? ""))") }
    imports.append((name, callable ?? ""))
  }

  mutating func beginAssociation(name: String) {
    openAssociation = name
    if associations[name] == nil { associations[name] = [] }
  }

  mutating func addEnd(role: String, type: String, isCollection: Bool) {
    associations[openAssociation]?.append(End(role: role, type: type, isCollection: isCollection))
  }

  mutating func addSet(name: String?, type: String) {
    guard let name, isName(name) else { return warn("an entity set is named \(MessageText.quoted(name ?? ""))") }
    sets.append((name, type))
  }

  private mutating func changeType(_ change: (inout Entity) -> Void) {
    guard let last = types.indices.last else { return }
    change(&types[last])
  }

  /// Names go into URLs and lists: only what CSDL calls a simple identifier is taken. Source: MC-CSDL section 2.2.6.
  func isName(_ name: String) -> Bool {
    1...512 ~= name.utf8.count
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
          true
        default: false
        }
      }
  }
}
