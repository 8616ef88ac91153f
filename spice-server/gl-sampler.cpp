/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-sampler.hpp"

#include <algorithm>

namespace red {

namespace {

/* one triangle that covers the viewport, without a vertex buffer */
const char vertex_source[] =
    "#version 300 es\n"
    "void main() {\n"
    "    vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);\n"
    "    gl_Position = vec4(corner, 0.0, 1.0);\n"
    "}\n";

const char fragment_2d_source[] =
    "#version 300 es\n"
    "precision highp float;\n"
    "precision highp int;\n"
    "uniform highp sampler2D image;\n"
    "uniform ivec2 origin;\n"
    "out vec4 color;\n"
    "void main() {\n"
    "    color = texelFetch(image, ivec2(gl_FragCoord.xy) + origin, 0);\n"
    "}\n";

/* by texture(), not texelFetch(): the planes of a YUV image have different sizes */
const char fragment_external_source[] =
    "#version 300 es\n"
    "#extension GL_OES_EGL_image_external_essl3 : require\n"
    "precision highp float;\n"
    "precision highp int;\n"
    "uniform highp samplerExternalOES image;\n"
    "uniform ivec2 origin;\n"
    "uniform vec2 size;\n"
    "out vec4 color;\n"
    "void main() {\n"
    "    color = texture(image, (gl_FragCoord.xy + vec2(origin)) / size);\n"
    "}\n";

GLuint compile(GLenum type, const char *source, std::string *why)
{
    GLuint shader = glCreateShader(type);
    glShaderSource(shader, 1, &source, nullptr);
    glCompileShader(shader);
    GLint ok = GL_FALSE;
    glGetShaderiv(shader, GL_COMPILE_STATUS, &ok);
    if (!ok) {
        char log[512] = "";
        glGetShaderInfoLog(shader, sizeof(log), nullptr, log);
        *why = std::string("cannot compile a shader: ") + log;
        glDeleteShader(shader);
        return 0;
    }
    return shader;
}

GLuint link(const char *fragment_source, std::string *why)
{
    const GLuint vertex = compile(GL_VERTEX_SHADER, vertex_source, why);
    const GLuint fragment = vertex ? compile(GL_FRAGMENT_SHADER, fragment_source, why) : 0;
    GLuint program = 0;
    if (vertex && fragment) {
        program = glCreateProgram();
        glAttachShader(program, vertex);
        glAttachShader(program, fragment);
        glLinkProgram(program);
        GLint ok = GL_FALSE;
        glGetProgramiv(program, GL_LINK_STATUS, &ok);
        if (!ok) {
            char log[512] = "";
            glGetProgramInfoLog(program, sizeof(log), nullptr, log);
            *why = std::string("cannot link a shader program: ") + log;
            glDeleteProgram(program);
            program = 0;
        }
    }
    /* 0 is ignored; a program keeps what is attached to it */
    glDeleteShader(vertex);
    glDeleteShader(fragment);
    return program;
}

} // namespace

GlSampler::~GlSampler()
{
    drop_target();
    for (GLuint program : { program_2d, program_external }) {
        if (program) {
            glDeleteProgram(program);
        }
    }
}

void GlSampler::drop_target()
{
    if (framebuffer) {
        glDeleteFramebuffers(1, &framebuffer);
    }
    if (texture) {
        glDeleteTextures(1, &texture);
    }
    framebuffer = texture = 0;
}

GLuint GlSampler::program_for(GLenum target, std::string *why)
{
    const bool external = target == GL_TEXTURE_EXTERNAL_OES;
    GLuint &program = external ? program_external : program_2d;
    if (!program) {
        program = link(external ? fragment_external_source : fragment_2d_source, why);
    }
    return program;
}

bool GlSampler::make_target(uint32_t width, uint32_t height, std::string *why)
{
    if (framebuffer && width <= target_width && height <= target_height) {
        return true;
    }
    drop_target();
    /* never smaller than before, so that alternating shapes of rectangles cost nothing */
    target_width = std::max(width, target_width);
    target_height = std::max(height, target_height);
    gl_clear_errors();
    glGenTextures(1, &texture);
    glBindTexture(GL_TEXTURE_2D, texture);
    glTexStorage2D(GL_TEXTURE_2D, 1, GL_RGBA8, target_width, target_height);
    glBindTexture(GL_TEXTURE_2D, 0);
    const GLenum error = glGetError();
    GLenum status = GL_FRAMEBUFFER_UNDEFINED;
    if (error == GL_NO_ERROR) {
        glGenFramebuffers(1, &framebuffer);
        glBindFramebuffer(GL_FRAMEBUFFER, framebuffer);
        glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, texture, 0);
        status = glCheckFramebufferStatus(GL_FRAMEBUFFER);
        glBindFramebuffer(GL_FRAMEBUFFER, 0);
    }
    if (status == GL_FRAMEBUFFER_COMPLETE) {
        return true;
    }
    *why = "cannot draw to a texture of " + std::to_string(target_width) + "x" +
        std::to_string(target_height) + " pixels: " + gl_error_name(error);
    drop_target();
    target_width = target_height = 0;
    return false;
}

GLuint GlSampler::draw(const GlBoundImage &source, const GlRect &rect, std::string *why)
{
    const GLuint program = program_for(source.target, why);
    if (!program || !make_target(rect.w, rect.h, why)) {
        return 0;
    }
    gl_clear_errors();
    glBindFramebuffer(GL_FRAMEBUFFER, framebuffer);
    glViewport(0, 0, rect.w, rect.h);
    glUseProgram(program);
    glBindTexture(source.target, source.texture);
    glUniform1i(glGetUniformLocation(program, "image"), 0);
    glUniform2i(glGetUniformLocation(program, "origin"), rect.x, rect.y);
    glUniform2f(glGetUniformLocation(program, "size"), source.width, source.height);
    glDrawArrays(GL_TRIANGLES, 0, 3);
    glBindTexture(source.target, 0);
    glUseProgram(0);
    glBindFramebuffer(GL_FRAMEBUFFER, 0);
    const GLenum error = glGetError();
    if (error != GL_NO_ERROR) {
        *why = std::string("cannot draw the image: ") + gl_error_name(error);
        return 0;
    }
    return framebuffer;
}

} // namespace red
