/// The version of granary: what `granary --version` prints and what each manifest records.
package let granaryVersion = "0.1.0"
