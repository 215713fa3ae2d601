/// Of all programs of this package.
package enum ProductVersion {
    package static let text = "0.1.0"
}
