"""Writes a file's bytes as a C array: embed.py INPUT OUTPUT HEADER NAME"""
import sys

source, target, header, name = sys.argv[1:]
with open(source, "rb") as file:
    data = file.read()
rows = (", ".join(str(byte) for byte in data[i:i + 24]) for i in range(0, len(data), 24))
with open(target, "w", encoding="ascii") as file:
    file.write(f'#include "{header}"\n\nconst unsigned char {name}[] = {{\n')
    file.write("".join(f"    {row},\n" for row in rows))
    file.write(f"}};\nconst size_t {name}_len = {len(data)};\n")
