"""The words of posthouse: values and abstract classes, without any input or output."""
